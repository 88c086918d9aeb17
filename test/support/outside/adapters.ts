import type { ForgeAccess } from "../../../src/adapters/forge/access.ts";
import { ForgeComments, type ForgeCommentOptions } from "../../../src/adapters/forge/comments.ts";
import { ForgeReports, type ForgeReportOptions } from "../../../src/adapters/forge/reports.ts";
import { ForgejoCalls } from "../../../src/adapters/forgejo/calls.ts";
import { PagureCalls } from "../../../src/adapters/pagure/calls.ts";
import type { Comments, Reports } from "../../../src/ports/index.ts";

export interface ForgeOptions extends ForgeAccess, ForgeReportOptions {}

/** Reports and comments over one forge or the other, as the service opens them. */
export function openPagure(options: ForgeOptions): Reports {
  return new ForgeReports(new PagureCalls(options), options);
}

export function openPagureComments(options: ForgeAccess & ForgeCommentOptions): Comments {
  return new ForgeComments(new PagureCalls(options), options);
}

export function openForgejo(options: ForgeOptions): Reports {
  return new ForgeReports(new ForgejoCalls(options), options);
}

export function openForgejoComments(options: ForgeAccess & ForgeCommentOptions): Comments {
  return new ForgeComments(new ForgejoCalls(options), options);
}
