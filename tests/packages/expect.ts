export * from "npm:expect@30.4.1";
