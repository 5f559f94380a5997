/**
 * Work through a list by keys: J K move, X select, Shift J and Shift K extend, Enter open, Space scroll the preview,
 * P hide or show it. The same by mouse: a press on a row shows it beside the list, a second press opens it.
 *
 * `[data-queue]` holds `.row`s; the `.row__title` of each links to its case and names its preview (`data-preview`).
 * `[data-preview-here]` takes what that address answers. `[data-bulk]` shows while something is selected.
 */

import { areOn, meant, nameOf } from './own_keys.js';
import { fetchText, fill, isTyping, nodesOf, openDialog } from './page.js';

const WAIT = 150;

const queue = document.querySelector('[data-queue]');
const pane = document.querySelector('[data-preview-here]');
const bulk = document.querySelector('[data-bulk]');
let timer = 0;
let asked = 0;

const rows = () => [...queue.querySelectorAll('.row')];
const current = () => queue.querySelector('.row.is-open');
const titleOf = (row) => row.querySelector('.row__title');
const boxOf = (row) => row.querySelector('.row__check input');
const paneShows = () => pane !== null && pane.getClientRects().length > 0;

const load = async (row) => {
  const url = titleOf(row).dataset.preview;
  if (!url || !paneShows()) return;
  const mine = ++asked;
  pane.setAttribute('aria-busy', 'true');
  try {
    const html = await fetchText(url);
    if (mine === asked) pane.replaceChildren(...nodesOf(html));
  } catch {
    if (mine === asked) pane.replaceChildren(Object.assign(document.createElement('p'), { className: 'empty', textContent: pane.dataset.lost ?? '' }));
  }
  if (mine === asked) pane.removeAttribute('aria-busy');
};

const show = (row, focus = true) => {
  for (const other of rows()) {
    other.classList.toggle('is-open', other === row);
    if (other === row) titleOf(other).setAttribute('aria-current', 'true');
    else titleOf(other).removeAttribute('aria-current');
  }
  if (focus) titleOf(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
  clearTimeout(timer);
  timer = setTimeout(() => load(row), WAIT);
};

const count = () => {
  const chosen = rows().filter((row) => boxOf(row)?.checked);
  for (const row of rows()) row.classList.toggle('is-chosen', boxOf(row)?.checked ?? false);
  if (!bulk) return;
  bulk.hidden = chosen.length === 0;
  const words = bulk.querySelector('[data-words]');
  words.textContent = fill(words.dataset.words, chosen.length);
};

const select = (row, to = !boxOf(row)?.checked) => {
  if (boxOf(row)) boxOf(row).checked = to;
  count();
};

const move = (by, extend) => {
  const all = rows();
  const at = all.indexOf(current());
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (!next) return;
  if (extend && current()) select(current(), true);
  if (extend) select(next, true);
  show(next);
};

const scroll = (up) => {
  const body = pane?.querySelector('.preview__body');
  body?.scrollBy({ top: (up ? -0.85 : 0.85) * body.clientHeight });
};

const fold = () => {
  const split = queue.closest('.split');
  split.classList.toggle('split--closed');
  if (paneShows() && current()) load(current());
};

const clear = () => {
  for (const row of rows()) if (boxOf(row)) boxOf(row).checked = false;
  count();
};

const actions = {
  J: (event) => move(1, event.shiftKey),
  K: (event) => move(-1, event.shiftKey),
  X: () => current() && select(current()),
  P: fold,
  Enter: () => current() && titleOf(current()).click(),
  ' ': (event) => scroll(event.shiftKey),
  Escape: clear,
};

const onKey = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || openDialog() || !areOn()) return;
  const name = meant(nameOf(event));
  const elsewhere = event.target.closest?.('a, button, summary, input');
  if (['Enter', ' '].includes(name) && elsewhere && !elsewhere.matches('.row__title')) return;
  if (!(name in actions)) return;
  event.preventDefault();
  actions[name](event);
};

const onClick = (event) => {
  const row = event.target.closest('.row');
  const title = event.target.closest('.row__title');
  if (!row || !title || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (row.classList.contains('is-open') || !paneShows() || !title.dataset.preview) return;
  event.preventDefault();
  show(row);
};

if (queue) {
  document.addEventListener('keydown', onKey);
  queue.addEventListener('click', onClick);
  queue.addEventListener('change', count);
  bulk?.querySelector('[data-clear]')?.addEventListener('click', clear);
  count();
}
