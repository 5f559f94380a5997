/** Change the colours at once (as the system, light, dark) and remember it. Without scripts the form does it. */

import { remember } from './page.js';

const choose = (form, value) => {
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  remember('tutela-theme', value);
  for (const button of form.querySelectorAll('[name=theme]')) button.setAttribute('aria-pressed', String(button.value === value));
};

for (const form of document.querySelectorAll('[data-theme-choice]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    choose(form, event.submitter.value);
  });
}
