/**
 * Turn single keys off and on in this browser, and choose another key for one of them, where `keys.js` looks for it.
 *
 * `[data-single-keys]` holds the switch and an `<input data-own-key="S">` for each key; `data-taken` says that another
 * one has it. An empty field stands for our own key.
 */

import { areOn, choose, chosen, nameOf, turn } from '../../ui/js/own_keys.js';

const field = document.querySelector('[data-single-keys]');

const inputs = () => [...field.querySelectorAll('[data-own-key]')];

const show = (input) => { input.value = chosen(input.dataset.ownKey) === input.dataset.ownKey ? '' : chosen(input.dataset.ownKey); };

const isTaken = (input, key) => key === '?' || inputs().some((one) => one !== input && chosen(one.dataset.ownKey) === key);

const keep = (input, key) => {
  const taken = isTaken(input, key || input.dataset.ownKey);
  input.setCustomValidity(taken ? field.dataset.taken : '');
  if (taken) input.reportValidity();
  else choose(input.dataset.ownKey, key);
  show(input);
};

const onKey = (event) => {
  const one = event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey;
  const empties = ['Backspace', 'Delete'].includes(event.key);
  if (!one && !empties) return;
  event.preventDefault();
  keep(event.target, one ? nameOf(event) : '');
};

if (field) {
  const box = field.querySelector('[type=checkbox]');
  field.hidden = false;
  box.checked = areOn();
  box.addEventListener('change', () => turn(box.checked));
  for (const input of inputs()) {
    show(input);
    input.addEventListener('keydown', onKey);
  }
}
