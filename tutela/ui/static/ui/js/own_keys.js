/** Which single keys are on in this browser, and which key a person chose for each. No behaviour of its own. */

const SWITCH = 'tutela-keys';
const STORE = 'tutela-own-keys';

/** Whether single keys do anything. */
export const areOn = () => localStorage.getItem(SWITCH) !== 'off';

/** Turn all single keys on or off. */
export const turn = (on) => localStorage.setItem(SWITCH, on ? 'on' : 'off');

const read = () => {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? '{}') ?? {};
  } catch {
    return {};
  }
};

/** The key that a person presses for a key of ours. */
export const chosen = (name) => read()[name] ?? name;

/** The key of ours that a pressed one stands for; empty where it was given up for another. */
export const meant = (pressed) => {
  const own = read();
  const name = Object.keys(own).find((one) => own[one] === pressed);
  return name ?? (pressed in own ? '' : pressed);
};

/** Choose another key, or our own again. */
export const choose = (name, key) => {
  const own = read();
  if (key === '' || key === name) delete own[name];
  else own[name] = key;
  localStorage.setItem(STORE, JSON.stringify(own));
};

/** A letter as it stands on a Latin keyboard, also on an Arabic or Greek one; other keys by their name. */
export const nameOf = (event) => {
  const letter = /^Key([A-Z])$/.exec(event.code);
  if (letter && event.key.length === 1 && event.key.charCodeAt(0) > 127) return letter[1];
  return event.key.length === 1 ? event.key.toUpperCase() : event.key;
};
