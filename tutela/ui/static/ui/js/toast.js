/** A toast stays for ten seconds, waits while it is pointed at or has the focus, then goes. */

const STAY = 10000;

const watch = (toast) => {
  let timer = 0;
  const start = () => {
    timer = setTimeout(() => toast.remove(), STAY);
  };
  const stop = () => clearTimeout(timer);
  for (const name of ['pointerenter', 'focusin']) toast.addEventListener(name, stop);
  for (const name of ['pointerleave', 'focusout']) toast.addEventListener(name, () => { stop(); start(); });
  start();
};

const area = document.getElementById('toasts');
if (area) {
  area.querySelectorAll('[data-toast]').forEach(watch);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.('[data-toast]')) watch(node);
  }).observe(area, { childList: true });
}
