// The program with fixed keys.

import { startProgram } from "../program.mjs";

export const KEY = "aloo_browser_test_key";
export const ADA_KEY = "ada_browser_test_key";
export const ADA_END_USERS_KEY = "ada_eu_browser_test_key";

/** Starts the program with these keys and other settings. */
export function startServer(settings = {}) {
  return startProgram({
    PARLANCE_BOOTSTRAP__ALOOCHAT_KEY: KEY,
    PARLANCE_BOOTSTRAP__ADA_KEY: ADA_KEY,
    PARLANCE_BOOTSTRAP__ADA_END_USERS_KEY: ADA_END_USERS_KEY,
    ...settings,
  });
}
