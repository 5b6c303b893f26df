// The program under test, with fixed keys.

import { startProgram } from "../../program.mjs";

export const KEY = "co_clients_test_key";
export const OPERATOR_KEY = "plop_clients_test_key";

/** Starts the program: its address, and how to stop it. */
export function startServer() {
  return startProgram({
    PARLANCE_BOOTSTRAP__COHERE_KEY: KEY,
    PARLANCE_BOOTSTRAP__OPERATOR_KEY: OPERATOR_KEY,
    PARLANCE_LOG__LEVEL: "error",
  });
}
