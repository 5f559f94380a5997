/** A form that cannot be sent says so and keeps all on the page (`data-not-sent`), instead of the browser's own page. */

const notice = document.querySelector('[data-not-sent]');

const say = (event) => {
  if (navigator.onLine || event.target.method !== 'post') return;
  event.preventDefault();
  notice.hidden = false;
  notice.focus();
  notice.scrollIntoView({ block: 'center' });
};

if (notice) {
  document.addEventListener('submit', say);
  window.addEventListener('online', () => { notice.hidden = true; });
}
