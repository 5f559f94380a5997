/** Print the page (`data-print`) or save a text as a file (`data-save` is the text, `data-name` the file's name). */

const save = (button) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${button.dataset.save}\n`], { type: 'text/plain;charset=utf-8' }));
  link.download = button.dataset.name ?? 'note.txt';
  link.click();
  URL.revokeObjectURL(link.href);
};

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => window.print());
}

for (const button of document.querySelectorAll('[data-save]')) {
  button.hidden = false;
  button.addEventListener('click', () => save(button));
}
