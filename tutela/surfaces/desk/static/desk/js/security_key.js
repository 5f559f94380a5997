/**
 * Ask a security key: `data-security-key="get"` or `"create"` on a form that holds the server's options as JSON and an
 * input whose name ends in `credential`. Its button of type `button` asks the key, and what it answers is sent. What is
 * `hidden` (the form, or a part with `data-key-part`) shows where browsers can do it.
 */

const toBytes = (text) => {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const opened = (options) => {
  const read = structuredClone(options);
  read.challenge = toBytes(read.challenge);
  if (read.user) read.user.id = toBytes(read.user.id);
  for (const one of [...(read.allowCredentials ?? []), ...(read.excludeCredentials ?? [])]) one.id = toBytes(one.id);
  return read;
};

const told = (credential) => {
  const answer = credential.response;
  const names = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
  const given = names.filter((name) => answer[name]).map((name) => [name, toText(answer[name])]);
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: Object.fromEntries(given),
  };
};

const ask = async (form) => {
  const { publicKey } = JSON.parse(form.querySelector('script[type="application/json"]').textContent);
  const said = form.querySelector('[data-said]');
  try {
    const credential = await navigator.credentials[form.dataset.securityKey]({ publicKey: opened(publicKey) });
    form.querySelector('input[name$="credential"]').value = JSON.stringify(told(credential));
    form.requestSubmit();
  } catch {
    said.textContent = said.dataset.failed;
  }
};

for (const form of document.querySelectorAll('[data-security-key]')) {
  const button = form.querySelector('button[type="button"]');
  if (!window.PublicKeyCredential || !button) continue;
  form.hidden = false;
  for (const part of form.querySelectorAll('[data-key-part]')) part.hidden = false;
  button.addEventListener('click', () => ask(form));
}
