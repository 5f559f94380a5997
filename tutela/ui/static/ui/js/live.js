/**
 * Hear what changes, and wait to be asked. Nothing that is being read ever moves.
 *
 * `<body data-live>` is the address of the event stream: each message is JSON with the `reference` of a case. A bar
 * (`<button hidden data-live-bar data-words="%s new, show">`) counts what came and loads the page again when pressed.
 * With `data-live-case` it listens to one case only. The counts of the rail are fetched anew from `data-counts`:
 * a fragment with the same `data-counts-here` lists. Where streams are blocked, the counts are asked every 30 s.
 */

import { fetchText, fill, nodesOf } from './page.js';

const POLL = 30000;
const CALM = 1000;

const { live, counts } = document.body.dataset;
const bar = document.querySelector('[data-live-bar]');
const seen = new Set();
let pending = 0;
let lastCounts = '';

const announce = (reference) => {
  if (!bar) return;
  const only = bar.dataset.liveCase;
  if (only && reference !== only) return;
  seen.add(reference);
  bar.textContent = fill(bar.dataset.words, seen.size);
  bar.hidden = false;
};

const placeCounts = (html) => {
  for (const node of [...nodesOf(html)].flatMap((n) => (n.querySelectorAll ? [n, ...n.querySelectorAll('[data-counts-here]')] : []))) {
    const name = node.dataset?.countsHere;
    const place = name && document.querySelector(`[data-counts-here="${CSS.escape(name)}"]`);
    if (place && !place.contains(document.activeElement)) place.replaceChildren(...node.childNodes);
  }
};

const refreshCounts = async () => {
  if (!counts) return false;
  const html = await fetchText(counts);
  const changed = lastCounts !== '' && html !== lastCounts;
  lastCounts = html;
  placeCounts(html);
  return changed;
};

const quietly = (work) => work.catch(() => false);

const soon = () => {
  clearTimeout(pending);
  pending = setTimeout(() => quietly(refreshCounts()), CALM);
};

const poll = () => {
  setInterval(async () => {
    if (!document.hidden && (await quietly(refreshCounts()))) announce('');
  }, POLL);
};

const listen = () => {
  const stream = new EventSource(live, { withCredentials: true });
  let failures = 0;
  stream.onopen = () => { failures = 0; };
  stream.onmessage = (event) => {
    announce(JSON.parse(event.data).reference ?? '');
    document.dispatchEvent(new CustomEvent('tutela:changed'));
    soon();
  };
  stream.onerror = () => {
    failures += 1;
    if (stream.readyState !== EventSource.CLOSED && failures < 3) return;
    stream.close();
    poll();
  };
};

bar?.addEventListener('click', () => location.reload());
if (live) listen();
else if (counts) poll();
