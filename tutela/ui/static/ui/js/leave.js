/**
 * Leave the page at once: the button, or Esc three times within two seconds.
 *
 * The page goes blank first and its place in the history is taken by the neutral page. Without scripts the
 * button is a plain link.
 */

const PRESSES = 3;
const WITHIN = 2000;

const link = document.querySelector('[data-leave]');
let presses = [];

const leave = () => {
  document.title = '\u200e';
  document.body.hidden = true;
  location.replace(link.href);
};

const count = (event) => {
  if (event.key !== 'Escape') return;
  presses = [...presses, event.timeStamp].filter((moment) => event.timeStamp - moment < WITHIN);
  if (presses.length >= PRESSES) leave();
};

if (link) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    leave();
  });
  document.addEventListener('keydown', count);
}
