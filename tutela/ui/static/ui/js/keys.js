/**
 * Single keys press what can be seen: `data-key="S"` on a button, link, summary or field; `data-key="G M"` after G.
 *
 * They are off while typing and can be turned off (remembered in this browser). `?` lists what works here. Inside
 * an open dialog only its own keys work, so that none fires through it. A page whose script knows further keys says
 * them in `<template data-key-list>`.
 */

import { isTyping, isUsable, openDialog } from './page.js';

const STORE = 'tutela-keys';
const PAUSE = 1500;

const list = document.getElementById('keys');
let first = '';
let timer = 0;

const areOn = () => localStorage.getItem(STORE) !== 'off';

/** The name of a key as it stands on a Latin keyboard, also on an Arabic or Greek one. */
const nameOf = (event) => {
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (letter && event.key.length === 1 && event.key.charCodeAt(0) > 127) return letter[1];
  return event.key.length === 1 ? event.key.toUpperCase() : event.key;
};

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
  const name = nameOf(event);
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

const showList = () => {
  if (list.open) return;
  const here = new Map();
  for (const element of document.querySelectorAll('[data-key]')) {
    if (isUsable(element) && !here.has(element.dataset.key)) here.set(element.dataset.key, labelOf(element));
  }
  const more = [...document.querySelectorAll('template[data-key-list]')].map((part) => part.content.cloneNode(true));
  list.querySelector('[data-keys-here]').replaceChildren(...[...here].map(line), ...more);
  list.querySelector('[data-keys-switch]').checked = areOn();
  list.showModal();
};

document.addEventListener('keydown', onKey);
for (const button of document.querySelectorAll('[data-keys-help]')) button.addEventListener('click', showList);
list?.querySelector('[data-keys-switch]').addEventListener('change', (event) => {
  localStorage.setItem(STORE, event.target.checked ? 'on' : 'off');
});
