export { COPY_HEADER, COPY_TRAILER } from "../core/copy_format.ts";
