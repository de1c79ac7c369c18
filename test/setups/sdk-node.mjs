// NodeSDK as it comes, told by the environment where to send.
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK();
sdk.start();
process.once("beforeExit", () => sdk.shutdown());
