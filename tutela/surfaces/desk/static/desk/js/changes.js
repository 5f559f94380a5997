/**
 * Say how many rows of a list are new, and wait to be asked for them. Nothing that is being read moves.
 *
 * `<button hidden data-changes="URL" data-since="moment" data-words="%s new, show">` asks the address how many
 * cases changed since the moment; it answers `{"count": n}`. Asked when the stream of `<body data-live>` says that
 * something changed, else every half minute.
 */

import { fetchText, fill } from '../../ui/js/page.js';

const POLL = 30000;
const CALM = 1000;

const bar = document.querySelector('[data-changes]');
let pending = 0;

const ask = async () => {
  if (document.hidden) return;
  const url = new URL(bar.dataset.changes, location.href);
  url.searchParams.set('since', bar.dataset.since);
  try {
    const { count } = JSON.parse(await fetchText(url));
    bar.hidden = count === 0;
    if (count > 0) bar.textContent = fill(bar.dataset.words, count);
  } catch {
    // The list stays as it is; the next question may be answered.
  }
};

const soon = () => {
  clearTimeout(pending);
  pending = setTimeout(ask, CALM);
};

if (bar) {
  bar.addEventListener('click', () => location.reload());
  document.addEventListener('tutela:changed', soon);
  document.addEventListener('visibilitychange', soon);
  setInterval(ask, POLL);
}
