/** `[` narrows and widens the rail; the choice is remembered in this browser. */

import { isTyping, openDialog, remember } from './page.js';

const toggle = () => {
  const slim = document.body.classList.toggle('desk--slim');
  remember('tutela-rail', slim ? 'slim' : 'wide');
};

document.addEventListener('keydown', (event) => {
  if (event.key !== '[' || event.ctrlKey || event.metaKey || isTyping(event.target) || openDialog()) return;
  if (localStorage.getItem('tutela-keys') === 'off') return;
  toggle();
});
