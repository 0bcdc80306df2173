// The arithmetic before a payment: find a number n for which SHA-256 of "challenge.n" begins with enough zero bits, then
// send the form on. Without this script the page offers a code by letter instead.
(async () => {
  "use strict";
  const BATCH = 512;
  const form = document.getElementById("proof-form");
  const status = document.getElementById("proof-status");
  if (!form || !window.crypto || !crypto.subtle) return;
  const challenge = form.dataset.challenge;
  const bits = Number(form.dataset.bits);
  const encoder = new TextEncoder();

  const zeroBits = (digest) => {
    let count = 0;
    for (const byte of new Uint8Array(digest)) {
      if (byte) return count + Math.clz32(byte) - 24;
      count += 8;
    }
    return count;
  };

  status.textContent = status.dataset.working;
  for (let first = 0; ; first += BATCH) {
    const tries = Array.from({ length: BATCH }, (_, i) => `${challenge}.${first + i}`);
    const digests = await Promise.all(tries.map((one) => crypto.subtle.digest("SHA-256", encoder.encode(one))));
    const found = digests.findIndex((digest) => zeroBits(digest) >= bits);
    if (found >= 0) {
      form.elements.proof.value = tries[found];
      status.textContent = status.dataset.done;
      form.submit();
      return;
    }
  }
})();
