/**
 * Send a form once. The button that was pressed says so ("Sending") and keeps its width; a second press does nothing.
 * When the browser brings the page back from its memory, the button works again.
 */

const ready = new Map();

const begin = (form, button) => {
  form.dataset.sent = '';
  if (!button) return;
  ready.set(button, [...button.childNodes]);
  button.style.minInlineSize = `${button.offsetWidth}px`;
  button.setAttribute('aria-busy', 'true');
  button.setAttribute('aria-disabled', 'true');
  if (button.dataset.busy) button.replaceChildren(button.dataset.busy);
};

const restore = () => {
  for (const [button, nodes] of ready) {
    button.replaceChildren(...nodes);
    button.removeAttribute('aria-busy');
    button.removeAttribute('aria-disabled');
  }
  ready.clear();
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
};

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if ('sent' in form.dataset) {
    event.preventDefault();
    return;
  }
  begin(form, event.submitter);
});

window.addEventListener('pageshow', (event) => {
  if (event.persisted) restore();
});
