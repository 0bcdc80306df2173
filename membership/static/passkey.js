// Passkeys (WebAuthn): ask the device for what the page's form carries as options, put its answer into the form, send it.
// Without this script, or where the browser knows no passkeys, the button stays hidden and the digits or codes are left.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const make = async (options) => {
    const user = { ...options.user, id: bytes(options.user.id) };
    const publicKey = { ...options, user, challenge: bytes(options.challenge), excludeCredentials: known(options.excludeCredentials) };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id, rawId: made.id, type: made.type,
      response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) },
    };
  };

  const use = async (options) => {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) };
    const used = await navigator.credentials.get({ publicKey });
    const response = {
      clientDataJSON: text(used.response.clientDataJSON), authenticatorData: text(used.response.authenticatorData),
      signature: text(used.response.signature),
    };
    if (used.response.userHandle) response.userHandle = text(used.response.userHandle);
    return { id: used.id, rawId: used.id, type: used.type, response };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("[data-passkey-button]");
    const status = form.querySelector("[data-passkey-status]");
    const making = form.dataset.passkey === "make";
    button.hidden = false;
    button.addEventListener("click", async () => {
      status.textContent = "";
      try {
        const answer = await (making ? make : use)(JSON.parse(form.dataset.options));
        form.elements[making ? "made" : "proof_answer"].value = JSON.stringify(answer);
        form.submit();
      } catch {
        status.textContent = status.dataset.refused;
      }
    });
  }
})();
