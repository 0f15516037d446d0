/** How a peer gets into the folder of peers: by its own package manager. */
export type Install =
  | { readonly pip: readonly string[] }
  | { readonly npm: readonly string[] }
  /** A package and its version: `example.com/tool/cmd/tool@v1.2.3`. */
  | { readonly go: string }
  /** For the whole machine: Debian has no folders. */
  | { readonly apt: string };

/** A program to run, and the files that it reads. */
export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Name in the scratch folder to text; written before the clock starts. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What is to be loaded, and where to. The variables of libpq (`PGHOST` …) are set as well. */
export interface PeerJob {
  /** A CSV file with a header, and the same bytes compressed. */
  readonly csv: string;
  readonly gzip: string;
  /** In the order of the file. */
  readonly columns: readonly PeerColumn[];
  /** Empty before each load; the working folder. */
  readonly scratch: string;
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly schema: string;
  readonly table: string;
}

/** A column of the file, of the table, and its type in Postgres. */
export interface PeerColumn {
  readonly header: string;
  readonly name: string;
  readonly type: string;
}

/** One way to load with a peer. */
export interface PeerWay {
  /** `default`: as its first page of documentation does it; `best`: all that its documentation offers. */
  readonly setting: "default" | "best";
  /** What was done, in a few words. */
  readonly how: string;
  /** `ready`: the table is there, empty, with the types of the columns; `own`: the peer makes it. */
  readonly target: "ready" | "own";
  /** Where the rows are afterwards; default: the table of the job. */
  readonly table?: string;
  command(job: PeerJob, tools: PeerTools): PeerCommand;
}

/** Where the programs of one peer are. */
export interface PeerTools {
  /** Path of a program of the peer; its name, where it is on the PATH. */
  bin(name: string): string;
}

/**
 * A tool that loads files into Postgres. Each is the default export of one file in `bench/peers/`,
 * which is all that there is to add.
 */
export interface Peer {
  readonly name: string;
  /** What it does less, or more, than the others. */
  readonly note: string;
  /** Null: it is on the machine already, or there is nothing to compare with. */
  readonly install: Install | null;
  /** Prints the version, whatever stands around it; fails where the peer is not installed. */
  version(tools: PeerTools): PeerCommand;
  readonly ways: readonly PeerWay[];
  /** Its first load sets up what later ones find: that one is not counted. */
  readonly setsUp?: true;
}

/** The types of the columns, written by another tool. */
export function typesOf(
  columns: readonly PeerColumn[],
  words: Readonly<Record<string, string>>,
): string[] {
  return columns.map(({ name, type }) => {
    const word = words[type];
    if (word === undefined) throw new Error(`Column "${name}": no word for the type ${type}`);
    return word;
  });
}
