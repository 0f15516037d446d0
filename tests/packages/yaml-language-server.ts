export * from "npm:yaml-language-server@1.25.0";
