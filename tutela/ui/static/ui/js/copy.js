/**
 * Copy a text: `data-copy` holds it, or names by `#id` the element that does. The button shows only where copying
 * works, and says for two seconds that it did (`data-copied`).
 */

const textOf = (button) => {
  const wish = button.dataset.copy;
  return wish.startsWith('#') ? document.querySelector(wish).textContent.trim() : wish;
};

const say = (button) => {
  const before = [...button.childNodes];
  button.style.minInlineSize = `${button.offsetWidth}px`;
  button.setAttribute('aria-live', 'polite');
  button.replaceChildren(button.dataset.copied);
  setTimeout(() => button.replaceChildren(...before), 2000);
};

for (const button of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(textOf(button));
    if (button.dataset.copied) say(button);
  });
}
