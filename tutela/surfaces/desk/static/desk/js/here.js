/**
 * Say every twenty seconds that this case is still open here, and show who else has it open.
 * `<span data-presence="URL">` takes what the address answers. Silent while the page is hidden.
 */

import { nodesOf } from '../../ui/js/page.js';

const PULSE = 20000;
const place = document.querySelector('[data-presence]');

const say = async () => {
  if (document.hidden) return;
  const body = new FormData();
  body.set('csrfmiddlewaretoken', document.querySelector('[name=csrfmiddlewaretoken]').value);
  try {
    const answer = await fetch(place.dataset.presence, { method: 'POST', body, credentials: 'same-origin' });
    if (answer.ok) place.replaceChildren(...nodesOf(await answer.text()));
  } catch {
    // Nobody is told; the next pulse may get through.
  }
};

if (place) setInterval(say, PULSE);
