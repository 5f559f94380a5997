/**
 * Fetch folded words when somebody unfolds them, so that the look is recorded and nothing comes before it.
 * `<details data-fetch="URL">` puts what the address answers into its `[data-fetched]`; folding empties it again.
 */

import { fetchText, nodesOf } from '../../ui/js/page.js';

const place = (fold) => fold.querySelector('[data-fetched]');

const open = async (fold) => {
  try {
    place(fold).replaceChildren(...nodesOf(await fetchText(fold.dataset.fetch)));
  } catch {
    place(fold).replaceChildren(...fold.links.map((link) => link.cloneNode(true)));
  }
};

for (const fold of document.querySelectorAll('details[data-fetch]')) {
  fold.links = [...place(fold).childNodes];
  fold.addEventListener('toggle', () => {
    if (fold.open) open(fold);
    else place(fold).replaceChildren(...fold.links);
  });
}
