/** What several behaviours need to know about the page. No behaviour of its own. */

const TEXT_FIELDS = 'input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select, [contenteditable]';

/** Whether keys belong to what is being typed. */
export const isTyping = (target) => target instanceof Element && target.closest(TEXT_FIELDS) !== null;

/** Whether an element can be seen and operated now. */
export const isUsable = (element) =>
  !element.hasAttribute('disabled') && element.getAttribute('aria-disabled') !== 'true' && element.getClientRects().length > 0;

/** The dialog that is open, if any. */
export const openDialog = () => document.querySelector('dialog[open]');

/** Remember a choice of this browser for a year; pages read it when they are made. */
export const remember = (name, value) => {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  const age = value === '' ? 0 : 31536000;
  document.cookie = `${name}=${value}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
};

/** Fetch a piece of a page from this server. Throws when the answer is not a success. */
export const fetchText = async (url, options = {}) => {
  const answer = await fetch(url, { credentials: 'same-origin', headers: { 'X-Requested-With': 'fetch' }, ...options });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.text();
};

/** Turn the text of a fragment into nodes. */
export const nodesOf = (html) => new DOMParser().parseFromString(html, 'text/html').body.childNodes;

/** Put a value into a sentence that has one `%s`. */
export const fill = (sentence, value) => sentence.replace('%s', value);
