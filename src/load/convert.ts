import { SluiceError } from "../core/error.ts";
import type { Database } from "../db/database.ts";
import { postgresError } from "../db/db_error.ts";
import { isAbout } from "../db/sqlstate.ts";
import type { ConversionPlan } from "../plan/conversion_plan.ts";
import type { Statement } from "../plan/load_plan.ts";
import type { RejectedOffsets } from "./merge_offsets.ts";

/** What became of the texts. */
export interface Converted {
  /** Rows with a text that its type cannot read. */
  readonly rejected: RejectedOffsets;
  /** Rows that were left out for one, as the contract says. */
  readonly discarded: number;
}

/** A row that cannot be read, as the server tells it. */
interface UnreadRow {
  readonly offset: number;
  readonly problem: {
    readonly column: string;
    readonly state: string;
    readonly message: string;
    readonly detail: string;
  };
  readonly total: number;
}

/**
 * Lets Postgres read the texts that wait, and puts the rows where they go.
 *
 * @param isolating they go where rows that Postgres refuses are looked for
 * @throws SluiceError `rows/too_many_rejects` where they are too many to be told one by one; what
 *   the rows break beyond that, such as a constraint of staging; what keeps a type from reading any
 */
export async function convert(
  db: Database,
  plan: ConversionPlan<Statement>,
  isolating: boolean,
): Promise<Converted> {
  const { sql } = isolating ? plan.transferRaw : plan.transfer;
  const transfer = () =>
    db.transaction(async (tx) => {
      await tx.query(sql);
      await tx.query(plan.tidy.sql);
    });
  try {
    await transfer();
    return { rejected: rejectedOffsets([]), discarded: 0 };
  } catch (error) {
    if (!mayBeText(error)) throw error;
    await judge(db, plan);
    await db.query(plan.find.sql);
    const unread = await db.query<UnreadRow>(plan.found.sql);
    const broken = unread.find(({ problem: { column, state } }) =>
      isAbout(state, "unreadable") && !plan.naming.includes(column)
    );
    if (broken !== undefined) throw cannotRead(broken);
    const total = unread[0]?.total ?? 0;
    if (total > unread.length) throw tooMany(total, unread[0]);
    const [{ discarded }] = await db.query<{ discarded: number }>(plan.remove.sql);
    await transfer();
    return { rejected: rejectedOffsets(unread), discarded };
  }
}

/** Quicker where it can be done; a type that raises an error leaves all of it to the search. */
async function judge(db: Database, { judge }: ConversionPlan<Statement>): Promise<void> {
  if (judge === null) return;
  try {
    await db.query(judge.sql);
  } catch (error) {
    if (!mayBeText(error)) throw error;
  }
}

/** Input functions report what their authors thought of, but not that the moment is bad. */
function mayBeText(error: unknown): error is SluiceError {
  const code = error instanceof SluiceError ? error.postgres?.code : undefined;
  return code !== undefined && !isAbout(code, "moment");
}

/** Not the text is wrong, but what reads it: a function of a domain, or its grants. */
function cannotRead({ problem: { column, state, message, detail } }: UnreadRow): SluiceError {
  const cause = postgresError({ code: state, message, detail });
  return new SluiceError(
    cause.code as `db/${string}`,
    `Postgres cannot read column "${column}": ${cause.message}`,
    {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      ...(cause.postgres === undefined ? {} : { postgres: cause.postgres }),
    },
  );
}

function tooMany(total: number, { problem }: UnreadRow): SluiceError {
  return new SluiceError(
    "rows/too_many_rejects",
    `Postgres cannot read ${total} rows: more than can be rejected one by one, the first because of column "${problem.column}": ${
      messageOf(problem)
    }`,
    { hint: "Correct the file, or the type of the column" },
  );
}

function rejectedOffsets(unread: readonly UnreadRow[]): RejectedOffsets {
  return {
    offsets: Float64Array.from(unread, ({ offset }) => offset),
    reason: (at) => {
      const { problem } = unread[at];
      return {
        column: problem.column,
        code: `sqlstate:${problem.state}`,
        message: messageOf(problem),
      };
    },
  };
}

/** As an error of Postgres is told everywhere. */
function messageOf({ message, detail }: UnreadRow["problem"]): string {
  return postgresError({ message, detail }).message;
}
