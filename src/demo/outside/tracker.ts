import type { Instant } from "../../domain/time.ts";

/** One comment of an issue. */
export interface ForgeComment {
  readonly id: number;
  readonly text: string;
  readonly author: string;
  readonly createdAt: Instant;
  /** Who changed its text last; null: nobody did. */
  readonly editor: string | null;
  readonly editedAt: Instant | null;
  /** True for the "Metadata Update" comments that a forge (Pagure) writes itself in the name of whoever changed something. */
  readonly isNotification: boolean;
}

/** One issue, as it stands; a later change makes a new value. */
export interface ForgeIssue {
  readonly id: number;
  readonly title: string;
  readonly content: string;
  readonly author: string;
  readonly status: "Open" | "Closed";
  readonly closeStatus: string | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly closedAt: Instant | null;
  readonly closedBy: string | null;
  readonly isPrivate: boolean;
  /** Takes comments of those alone who may write to the project. */
  readonly isLocked: boolean;
  readonly tags: readonly string[];
  readonly assignee: string | null;
  readonly priority: number | null;
  readonly milestone: string | null;
  readonly comments: readonly ForgeComment[];
}

/** What an issue is opened with; all but title, content and author may be left out. */
type IssueDraft = Pick<ForgeIssue, "title" | "content" | "author"> &
  Partial<Pick<ForgeIssue, "isPrivate" | "tags" | "assignee" | "priority" | "milestone">>;

/** A project's switches. */
export interface ProjectSettings {
  readonly tracker: "open" | "read-only" | "disabled";
  /** Users who may write to the project, and so to its labels and to everybody's comments. */
  readonly writers: readonly string[];
  /** Its new path; null: it is here. */
  readonly movedTo: string | null;
  /** The public does not see it. */
  readonly isHidden: boolean;
  /** Key to name, as in `{ "1": "High" }`. */
  readonly priorities: Readonly<Record<string, string>>;
  readonly milestones: readonly string[];
  readonly closeStatuses: readonly string[];
  /** Users who may not write here. */
  readonly blockedUsers: readonly string[];
}

const DEFAULTS: ProjectSettings = {
  tracker: "open",
  writers: [],
  movedTo: null,
  isHidden: false,
  priorities: {},
  milestones: [],
  closeStatuses: ["Duplicate", "Fixed", "Insufficient data", "Invalid"],
  blockedUsers: [],
};

interface Project {
  /** As it was given. */
  readonly path: string;
  readonly settings: ProjectSettings;
  readonly issues: Map<number, ForgeIssue>;
  readonly tags: Set<string>;
  lastId: number;
}

/** Where forges differ. */
interface TrackerHabits {
  /** The last number is given again when its issue was removed. */
  readonly reusesNumbers: boolean;
  /** An edited comment changes its issue. */
  readonly editsTouchIssue: boolean;
}

const PAGURE: TrackerHabits = { reusesNumbers: true, editsTouchIssue: true };

/**
 * The projects with their issues, and what can happen to them; it knows nothing of HTTP or tokens. A project's name may come in
 * any case.
 */
export class Tracker {
  readonly #now: () => Instant;
  readonly #habits: TrackerHabits;
  readonly #projects = new Map<string, Project>();
  #lastCommentId = 0;

  /** Without habits it is Pagure's. */
  constructor(now: () => Instant, habits: TrackerHabits = PAGURE) {
    this.#now = now;
    this.#habits = habits;
  }

  /** Adds a project, or changes the settings of one that is there. `path` is `repo`, `ns/repo`, `fork/user/repo`, … */
  setProject(path: string, settings: Partial<ProjectSettings>): void {
    const known = this.#projects.get(path.toLowerCase());
    this.#projects.set(path.toLowerCase(), {
      path: known?.path ?? path,
      settings: { ...(known?.settings ?? DEFAULTS), ...settings },
      issues: known?.issues ?? new Map<number, ForgeIssue>(),
      tags: known?.tags ?? new Set<string>(),
      lastId: known?.lastId ?? 0,
    });
  }

  settings(path: string): ProjectSettings | null {
    return this.#projects.get(path.toLowerCase())?.settings ?? null;
  }

  /** The project's name as it was given first, whatever the case of the letters here; null: there is none. */
  nameOf(path: string): string | null {
    return this.#projects.get(path.toLowerCase())?.path ?? null;
  }

  /** The project's issues in order of their numbers. */
  issues(path: string): readonly ForgeIssue[] {
    return [...this.#project(path).issues.values()];
  }

  issue(path: string, id: number): ForgeIssue | null {
    return this.#project(path).issues.get(id) ?? null;
  }

  /** Every tag that any issue of the project ever had. */
  tags(path: string): readonly string[] {
    return [...this.#project(path).tags].sort();
  }

  /** Opens an issue; tags that the project does not know are created, as Pagure does. */
  open(path: string, draft: IssueDraft): ForgeIssue {
    const project = this.#project(path);
    const now = this.#now();
    const issue: ForgeIssue = {
      isPrivate: false,
      isLocked: false,
      assignee: null,
      priority: null,
      milestone: null,
      ...draft,
      tags: [...new Set(draft.tags)].sort(),
      id: (this.#habits.reusesNumbers ? Math.max(0, ...project.issues.keys()) : project.lastId) + 1,
      status: "Open",
      closeStatus: null,
      createdAt: now,
      updatedAt: now,
      closedAt: null,
      closedBy: null,
      comments: [],
    };
    for (const tag of issue.tags) project.tags.add(tag);
    project.issues.set(issue.id, issue);
    project.lastId = Math.max(project.lastId, issue.id);
    return issue;
  }

  addTag(path: string, tag: string): void {
    this.#project(path).tags.add(tag);
  }

  comment(path: string, id: number, author: string, text: string, isNotification = false): ForgeComment {
    this.#lastCommentId += 1;
    const comment: ForgeComment = {
      id: this.#lastCommentId,
      text,
      author,
      createdAt: this.#now(),
      editor: null,
      editedAt: null,
      isNotification,
    };
    this.#change(path, id, (issue) => ({ comments: [...issue.comments, comment] }));
    return comment;
  }

  /** Changes a comment's text, as its author can, and everybody with access to the project's tickets (`by`). */
  editComment(path: string, id: number, commentId: number, text: string, by: string | null = null): void {
    const edited = (comment: ForgeComment): ForgeComment => {
      return { ...comment, text, editor: by ?? comment.author, editedAt: this.#now() };
    };
    const { updatedAt } = this.#existing(path, id);
    this.#change(path, id, ({ comments }) => ({
      comments: comments.map((comment) => (comment.id === commentId ? edited(comment) : comment)),
      ...(this.#habits.editsTouchIssue ? {} : { updatedAt }),
    }));
  }

  /** Hides an issue from the public, or shows it again, as whoever has access to the tickets can. */
  setPrivate(path: string, id: number, isPrivate: boolean): void {
    this.#change(path, id, () => ({ isPrivate }));
  }

  /** Lets those alone comment on an issue who may write to the project, or everybody again. */
  setLocked(path: string, id: number, isLocked: boolean): void {
    this.#change(path, id, () => ({ isLocked }));
  }

  edit(path: string, id: number, title: string, content: string): ForgeIssue {
    return this.#change(path, id, () => ({ title, content }));
  }

  /** Opens or closes an issue; resolves to Pagure's sentences about what changed, none when nothing did. */
  setStatus(path: string, id: number, by: string, status: "Open" | "Closed", closeStatus: string | null): string[] {
    const before = this.#existing(path, id);
    const after = status === "Open" ? null : (closeStatus ?? before.closeStatus);
    const messages: string[] = [];
    if (status !== before.status) messages.push(`Issue status updated to: ${status} (was: ${before.status})`);
    if (after !== before.closeStatus && after !== null) messages.push(`Issue close_status updated to: ${after}`);
    if (messages.length === 0) return messages;
    const closing = status === "Closed" ? { closedAt: this.#now(), closedBy: by } : {};
    this.#change(path, id, () => ({ status, closeStatus: after, ...closing }));
    this.comment(path, id, by, `**Metadata Update from @${by}**:\n- ${messages.toSorted().join("\n- ")}`, true);
    return messages;
  }

  /** Removes an issue, as a project's administrator can. Its number is given again when it was the last. */
  remove(path: string, id: number): void {
    this.#project(path).issues.delete(this.#existing(path, id).id);
  }

  #change(path: string, id: number, change: (issue: ForgeIssue) => Partial<ForgeIssue>): ForgeIssue {
    const issue = this.#existing(path, id);
    const changed = { ...issue, updatedAt: this.#now(), ...change(issue) };
    this.#project(path).issues.set(id, changed);
    return changed;
  }

  #existing(path: string, id: number): ForgeIssue {
    const issue = this.issue(path, id);
    if (issue === null) throw new Error(`The project ${path} of the double has no issue ${id}.`);
    return issue;
  }

  #project(path: string): Project {
    const project = this.#projects.get(path.toLowerCase());
    if (project === undefined) throw new Error(`The double has no project ${path}: add it with setProject.`);
    return project;
  }
}
