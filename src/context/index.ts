export { callOptions } from "./call-options.js";
export { type ContextLike, contextOf } from "./context-of.js";
export { type EachMessage, eachMessage } from "./each-message.js";
export { receive } from "./receive.js";
export { send } from "./send.js";
