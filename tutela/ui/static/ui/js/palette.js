/**
 * Search, jump, act: `Ctrl K` (or the field in the rail) opens one dialog.
 *
 * What stands on this page comes first (everything with a `data-key`), then what the server finds: `data-url?q=`
 * answers `{"groups": [{"title", "items": [{"label", "url", "icon", "keys", "blocked"}]}]}`. Arrows choose, Enter goes.
 */

import { fetchText, isUsable } from './page.js';

const WAIT = 120;

const dialog = document.getElementById('palette');
const input = dialog?.querySelector('input');
const list = dialog?.querySelector('[role=listbox]');
let timer = 0;
let asked = 0;

const make = (tag, className, text = '') => Object.assign(document.createElement(tag), { className, textContent: text });

const drawing = (name) => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${dialog.querySelector('.palette__ask use').getAttribute('href').split('#')[0]}#${name}`);
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
};

const row = (item, index) => {
  const link = make(item.url ? 'a' : 'div', item.blocked ? 'palette__row is-blocked' : 'palette__row');
  if (item.url) link.href = item.url;
  link.id = `palette-${index}`;
  link.tabIndex = -1;
  link.setAttribute('role', 'option');
  link.setAttribute('aria-selected', 'false');
  if (item.blocked) link.setAttribute('aria-disabled', 'true');
  link.append(drawing(item.icon || 'next'), Object.assign(document.createElement('bdi'), { textContent: item.label }));
  if (item.keys) link.append(keysOf(item.keys));
  if (item.press) link.addEventListener('click', () => { dialog.close(); item.press(); });
  return link;
};

const keysOf = (text) => {
  const keys = make('span', 'keys');
  keys.append(...text.split(' ').map((name) => make('kbd', '', name)));
  return keys;
};

const onPage = (query) => {
  const items = [...document.querySelectorAll('[data-key]')].filter(isUsable).map((element) => ({
    label: [...element.childNodes].filter((n) => n.nodeType === 3 || n.matches?.('span:not(.sr):not(.keys):not(.count)')).map((n) => n.textContent).join('').trim(),
    keys: element.dataset.key,
    press: () => (element.matches('input, textarea') ? element.focus() : element.click()),
  }));
  return items.filter((item) => item.label && item.label.toLowerCase().includes(query.toLowerCase()));
};

const rows = () => [...list.querySelectorAll('[role=option]')];

const choose = (chosen) => {
  for (const option of rows()) option.setAttribute('aria-selected', String(option === chosen));
  if (chosen) input.setAttribute('aria-activedescendant', chosen.id);
  else input.removeAttribute('aria-activedescendant');
  chosen?.scrollIntoView({ block: 'nearest' });
};

const step = (by) => {
  const all = rows();
  const at = all.findIndex((option) => option.getAttribute('aria-selected') === 'true');
  choose(all[(at + by + all.length) % all.length]);
};

const show = (groups) => {
  let index = 0;
  const parts = groups.filter((group) => group.items.length).map((group, number) => {
    const box = make('div', '');
    const title = make('p', 'palette__group', group.title);
    title.id = `palette-group-${number}`;
    box.setAttribute('role', 'group');
    box.setAttribute('aria-labelledby', title.id);
    box.append(title, ...group.items.map((item) => row(item, index++)));
    return box;
  });
  list.replaceChildren(...(parts.length ? parts : [make('p', 'palette__none', dialog.dataset.none)]));
  choose(rows()[0]);
};

const ask = async () => {
  const query = input.value.trim();
  const mine = ++asked;
  const here = { title: dialog.dataset.here, items: query ? onPage(query) : [] };
  try {
    const url = new URL(dialog.dataset.url, location.href);
    url.searchParams.set('q', query);
    const { groups } = JSON.parse(await fetchText(url));
    if (mine === asked) show([here, ...groups]);
  } catch {
    if (mine === asked) list.replaceChildren(make('p', 'palette__none', dialog.dataset.lost));
  }
};

const open = () => {
  if (dialog.open) return;
  input.value = '';
  list.replaceChildren();
  dialog.showModal();
  input.focus();
  ask();
};

const onKey = (event) => {
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in moves && rows().length) {
    event.preventDefault();
    step(moves[event.key]);
  } else if (event.key === 'Enter') {
    event.preventDefault();
    list.querySelector('[aria-selected=true]')?.click();
  }
};

if (dialog) {
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.code === 'KeyK') {
      event.preventDefault();
      open();
    }
  });
  for (const opener of document.querySelectorAll('[data-palette]')) {
    opener.addEventListener('click', (event) => {
      event.preventDefault();
      open();
    });
  }
  input.addEventListener('keydown', onKey);
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
}
