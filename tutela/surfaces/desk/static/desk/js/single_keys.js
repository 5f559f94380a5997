/** Turn single keys off and on in this browser, where `keys.js` looks for it. */

const STORE = 'tutela-keys';
const field = document.querySelector('[data-single-keys]');

if (field) {
  const box = field.querySelector('input');
  field.hidden = false;
  box.checked = localStorage.getItem(STORE) !== 'off';
  box.addEventListener('change', () => localStorage.setItem(STORE, box.checked ? 'on' : 'off'));
}
