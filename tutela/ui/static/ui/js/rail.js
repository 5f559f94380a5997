/** `[` narrows and widens the rail; the choice is remembered in this browser. */

import { areOn, meant, nameOf } from './own_keys.js';
import { isTyping, openDialog, remember } from './page.js';

const toggle = () => {
  const slim = document.body.classList.toggle('desk--slim');
  remember('tutela-rail', slim ? 'slim' : 'wide');
};

document.addEventListener('keydown', (event) => {
  if (meant(nameOf(event)) !== '[' || event.ctrlKey || event.metaKey || !areOn() || isTyping(event.target) || openDialog()) return;
  toggle();
});
