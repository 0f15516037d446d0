import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import type { Finish } from "./command.ts";
import { addApplyCommand } from "./apply.ts";
import { addCheckCommand } from "./check.ts";
import { addCompletionsCommand } from "./completions.ts";
import { addDbCommand } from "./db.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addExplainCommand } from "./explain.ts";
import { addHistoryCommand } from "./history.ts";
import { addInitCommand } from "./init.ts";
import { addLoadCommand } from "./load.ts";
import { addNewCommand } from "./new.ts";
import { addPageCommand } from "./page.ts";
import { addPlanCommand } from "./plan.ts";
import { addPreviewCommand } from "./preview.ts";
import { addRejectsCommand } from "./rejects.ts";
import { addRollbackCommand } from "./rollback.ts";
import { addRunCommand } from "./run.ts";
import { addServeCommand } from "./serve.ts";
import { addStatusCommand } from "./status.ts";
import { addValidateCommand } from "./validate.ts";
import { addWorkerCommand } from "./worker.ts";

/** Every command, in the order the help lists them. */
export const COMMANDS: readonly ((program: Command, cli: Cli, finish: Finish) => void)[] = [
  addNewCommand,
  addInitCommand,
  addPreviewCommand,
  addLoadCommand,
  addRunCommand,
  addPlanCommand,
  addApplyCommand,
  addValidateCommand,
  addCheckCommand,
  addRollbackCommand,
  addHistoryCommand,
  addStatusCommand,
  addRejectsCommand,
  addServeCommand,
  addPageCommand,
  addWorkerCommand,
  addDbCommand,
  addDoctorCommand,
  addExplainCommand,
  addCompletionsCommand,
];
