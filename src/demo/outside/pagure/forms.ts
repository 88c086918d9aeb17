import { ApiError, PageError } from "./access.ts";
import type { Form, ForgeRequest } from "../forge.ts";

const REQUIRED = "This field is required.";

/**
 * Reads a form-encoded body, or JSON when the content type is exactly `application/json`; any other type has no fields.
 * Throws `PageError` 413 for a body above the limit.
 */
export function readForm(request: Pick<ForgeRequest, "contentType" | "body">): Form {
  if (request.body === null) throw new PageError(413, "Request Entity Too Large");
  if (request.contentType === "application/json") return readJson(request.body);
  if (request.contentType.startsWith("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(request.body));
  }
  return {};
}

function readJson(text: string): Form {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Pagure reads broken JSON as an empty form, whose required fields are then missing.
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, typeof field === "string" ? field : JSON.stringify(field)]),
  );
}

/**
 * Checks that the required fields hold more than blanks and that there is no other than the known ones. Pagure itself
 * ignores unknown fields; the double refuses them, so that a misspelt one is found. Throws `ApiError` 400.
 */
export function checkFields(form: Form, required: readonly string[], optional: readonly string[]): void {
  const errors: Record<string, readonly string[]> = {};
  for (const field of required) if ((form[field] ?? "").trim() === "") errors[field] = [REQUIRED];
  for (const field of Object.keys(form)) {
    if (!required.includes(field) && !optional.includes(field)) errors[field] = ["Unknown field."];
  }
  if (Object.keys(errors).length > 0) throw new ApiError(400, "EINVALIDREQ", errors);
}

/** Throws `ApiError` 400 unless the field is absent, empty or one of the choices. */
export function checkChoice(form: Form, field: string, choices: readonly string[]): void {
  const value = form[field] ?? "";
  if (value !== "" && !choices.includes(value)) {
    throw new ApiError(400, "EINVALIDREQ", { [field]: ["Not a valid choice"] });
  }
}

/** Reads a comma list, blanks cut off. */
export function readList(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
