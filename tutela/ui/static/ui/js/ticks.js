/**
 * Clocks tick by the minute, in the last two minutes by the second.
 *
 * A clock carries `data-due` (a moment), `data-seconds` (its whole length), `data-soon` and `data-now` (how many
 * seconds before the end it changes its look). Words come from `data-left` and `data-over` of `<body>`; numbers and
 * units from the browser's own tables for the language of the page, as the server writes them.
 */

import { fill } from './page.js';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const LOOKS = ['is-runs', 'is-soon', 'is-now', 'is-late'];

const language = document.documentElement.lang || 'en';
const units = new Map();

const inUnit = (count, unit) => {
  const display = unit === 'day' ? 'long' : 'short';
  if (!units.has(unit)) {
    units.set(unit, new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: display, numberingSystem: 'latn' }));
  }
  return units.get(unit).format(count);
};

const span = (seconds) => {
  if (seconds < 2 * MINUTE) return inUnit(Math.max(0, Math.floor(seconds)), 'second');
  if (seconds < 2 * HOUR) return inUnit(Math.floor(seconds / MINUTE), 'minute');
  if (seconds < 2 * DAY) return inUnit(Math.floor(seconds / HOUR), 'hour');
  return inUnit(Math.floor(seconds / DAY), 'day');
};

const lookAt = (clock, left) => {
  if (left < 0) return 'is-late';
  if (left <= Number(clock.dataset.now)) return 'is-now';
  return left <= Number(clock.dataset.soon) ? 'is-soon' : 'is-runs';
};

const say = (look, left) => {
  const { left: before, over } = document.body.dataset;
  if (look === 'is-late') return fill(over ?? '%s', span(-left));
  return fill(before ?? '%s', span(left));
};

const tick = (clock) => {
  const left = (Date.parse(clock.dataset.due) - Date.now()) / 1000;
  const look = lookAt(clock, left);
  clock.classList.remove(...LOOKS);
  clock.classList.add(look);
  clock.querySelector('.clock__text').textContent = say(look, left);
  const part = Math.round(100 * Math.min(1, Math.max(0, left / Number(clock.dataset.seconds))));
  clock.querySelector('.ring__left')?.setAttribute('stroke-dasharray', `${part} 100`);
  return left;
};

const tickAll = () => {
  const lefts = [...document.querySelectorAll('[data-due][data-seconds]')].map(tick);
  const close = lefts.some((left) => Math.abs(left) < 2 * MINUTE);
  setTimeout(tickAll, close ? 1000 : MINUTE * 1000);
};

setTimeout(tickAll, MINUTE * 1000 - (Date.now() % (MINUTE * 1000)));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) document.querySelectorAll('[data-due][data-seconds]').forEach(tick);
});
