// Chromium as every test of pages has it.

import { chromium } from "playwright-core";

/** Starts it, with these arguments beside the usual ones. It asks nothing of strangers by itself. */
export function startBrowser(...more) {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}
