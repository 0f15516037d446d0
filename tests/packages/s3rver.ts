export { default } from "npm:s3rver@3.7.1";
