/**
 * Single keys press what can be seen: `data-key="S"` on a button, link, summary or field; `data-key="G M"` after G.
 *
 * They are off while typing, can be turned off, and each can be exchanged for another key (`own_keys.js`); what
 * pages print as `<kbd>` follows. `?` lists what works here. Inside
 * an open dialog only its own keys work, so that none fires through it. A page whose script knows further keys says
 * them in `<template data-key-list>`.
 */

import { areOn, chosen, meant, nameOf, turn } from './own_keys.js';
import { isTyping, isUsable, openDialog } from './page.js';

const PAUSE = 1500;

const list = document.getElementById('keys');
let first = '';
let timer = 0;

const scope = () => openDialog() ?? document;

const find = (name) => [...scope().querySelectorAll(`[data-key="${CSS.escape(name)}"]`)].find(isUsable);

const startsSomething = (name) => scope().querySelector(`[data-key^="${CSS.escape(name)} "]`) !== null;

const press = (element) => {
  if (element.matches('input, textarea, select')) element.focus();
  else element.click();
};

const forget = () => {
  first = '';
  clearTimeout(timer);
};

const wait = (name) => {
  first = name;
  timer = setTimeout(forget, PAUSE);
};

const onKey = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || !areOn()) return;
  const name = meant(nameOf(event));
  if (name === '') return;
  if (name === '?' && list) {
    event.preventDefault();
    showList();
    return;
  }
  const element = find(first ? `${first} ${name}` : name);
  forget();
  if (element) {
    event.preventDefault();
    press(element);
  } else if (startsSomething(name)) {
    wait(name);
  }
};

const labelOf = (element) => {
  const copy = element.cloneNode(true);
  for (const extra of copy.querySelectorAll('kbd, small, .count')) extra.remove();
  const said = element.dataset.keyName ?? element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent;
  return (said ?? copy.textContent).trim();
};

const line = ([name, label]) => {
  const row = document.createElement('div');
  const term = document.createElement('dt');
  const keys = document.createElement('dd');
  term.textContent = label;
  for (const part of name.split(' ')) keys.append(Object.assign(document.createElement('kbd'), { textContent: part }), ' ');
  row.append(term, keys);
  return row;
};

/** Keys with Ctrl or another key held are not single ones and stay as they are. */
const isHeld = (cap) => ['Ctrl', 'Alt', 'Meta'].includes(cap.previousElementSibling?.textContent);

/** Say the keys that this person chose. What was printed before keeps its first name in `data-cap`. */
const print = (part) => {
  for (const cap of part.querySelectorAll('kbd:not([data-fixed])')) {
    const name = cap.dataset.cap ?? cap.textContent;
    if (isHeld(cap) || cap.textContent === chosen(name)) continue;
    cap.dataset.cap = name;
    cap.textContent = chosen(name);
  }
};

const showList = () => {
  if (list.open) return;
  const here = new Map();
  for (const element of document.querySelectorAll('[data-key]')) {
    if (isUsable(element) && !here.has(element.dataset.key)) here.set(element.dataset.key, labelOf(element));
  }
  const more = [...document.querySelectorAll('template[data-key-list]')].map((part) => part.content.cloneNode(true));
  list.querySelector('[data-keys-here]').replaceChildren(...[...here].map(line), ...more);
  print(list);
  list.querySelector('[data-keys-switch]').checked = areOn();
  list.showModal();
};

document.addEventListener('keydown', onKey);
for (const button of document.querySelectorAll('[data-keys-help]')) button.addEventListener('click', showList);
list?.querySelector('[data-keys-switch]').addEventListener('change', (event) => {
  turn(event.target.checked);
});
print(document);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) print(node);
}).observe(document.body, { childList: true, subtree: true });
