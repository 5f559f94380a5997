/** Close a menu (`<details data-menu>`) by Esc, by a press elsewhere, or when the focus moves on. */

const shut = (menu, refocus = false) => {
  menu.open = false;
  if (refocus) menu.querySelector('summary').focus();
};

const opened = () => document.querySelectorAll('details[data-menu][open]');

document.addEventListener('click', (event) => {
  for (const menu of opened()) if (!menu.contains(event.target)) shut(menu);
});

document.addEventListener('focusin', (event) => {
  for (const menu of opened()) if (!menu.contains(event.target)) shut(menu);
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of opened()) {
    shut(menu, menu.contains(document.activeElement));
    event.preventDefault();
  }
});
