/** Put the focus where the page says it belongs: the result of a step, or the first field that is wrong. */

const target = document.querySelector('[data-focus]') ?? document.querySelector('[aria-invalid="true"]');
target?.focus();
