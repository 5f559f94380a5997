/** `Ctrl ↵` (or `⌘ ↵`) in a text field with `data-send` sends its form, by the same button a hand would press. */

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const field = event.target.closest('[data-send]');
  if (!field) return;
  event.preventDefault();
  field.form.requestSubmit();
});
