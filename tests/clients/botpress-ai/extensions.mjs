// The modules of @botpress/zai import each other without extensions, as bundlers allow. Node.js needs this hook for it.

import { register } from "node:module";

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!specifier.startsWith(".")) throw error;
    const ending = error.code === "ERR_UNSUPPORTED_DIR_IMPORT" ? "/index.js" : ".js";
    return next(specifier + ending, context);
  }
}

register(import.meta.url);
