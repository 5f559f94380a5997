/** Hide again on leaving: a fold closes when the page is hidden or left, and opens by nobody but a person. */

const folds = () => document.querySelectorAll('details[data-fold][open]');

const hideAll = () => {
  for (const fold of folds()) fold.open = false;
};

document.addEventListener('visibilitychange', () => {
  if (document.hidden) hideAll();
});
window.addEventListener('pagehide', hideAll);
hideAll();
