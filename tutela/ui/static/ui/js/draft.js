/**
 * Keep what is typed at the desk until it is sent: `data-draft="name"` on a text field. Never used at the portal.
 *
 * The text lies in this tab's memory only. It is let go when the next page shows the field empty after a sending,
 * so a sending that fails loses nothing. Whoever signs out (`data-sign-out` on that form) leaves nothing behind.
 */

const nameOf = (field) => `draft:${field.dataset.draft}`;

const settle = (field) => {
  const name = nameOf(field);
  const kept = sessionStorage.getItem(name);
  if (sessionStorage.getItem(`${name}:sent`) !== null && field.value === '') {
    sessionStorage.removeItem(name);
  } else if (kept && field.value === '') {
    field.value = kept;
  }
  sessionStorage.removeItem(`${name}:sent`);
};

const keep = (field) => {
  if (field.value) sessionStorage.setItem(nameOf(field), field.value);
  else sessionStorage.removeItem(nameOf(field));
};

for (const form of document.querySelectorAll('[data-sign-out]')) {
  form.addEventListener('submit', () => sessionStorage.clear());
}

for (const field of document.querySelectorAll('[data-draft]')) {
  settle(field);
  field.addEventListener('input', () => keep(field));
  field.form?.addEventListener('submit', () => sessionStorage.setItem(`${nameOf(field)}:sent`, ''));
}
