/** Takes the exit code of the one command that ran. */
export type Finish = (code: number) => void;
