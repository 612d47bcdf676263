// What the form sends is what was typed, and nothing that the contract assumes anyway.
import { expect, test } from "vitest";
import { DEFAULTS, fromQuery, toBody } from "./fields";

test("numbers are sent as numbers and defaults of the advanced settings are left out", () => {
  const body = toBody({ ...DEFAULTS, dataset_path: "logos", epochs: "3", base_model_path: "m" });
  expect(body).toEqual({
    mode: "transfer",
    dataset_path: "logos",
    base_model_path: "m",
    epochs: 3,
    batch_size: 16,
    learning_rate: 0.01,
    imgsz: 640,
    optimizer: "SGD",
  });
});

test("a training from scratch sends the architecture and no base model, even if one was chosen before", () => {
  const body = toBody({ ...DEFAULTS, mode: "full", base_model_path: "m" });
  expect(body).not.toHaveProperty("base_model_path");
  expect(body.model_architecture).toBe("yolov8s");
});

test("what is no number is sent as typed, so that the gateway can say what is wrong with it", () => {
  expect(toBody({ ...DEFAULTS, epochs: "many" }).epochs).toBe("many");
});

test("a link fills the form, and unknown names in it are ignored", () => {
  const fields = fromQuery(new URLSearchParams("epochs=7&evil=1"));
  expect(fields["epochs"]).toBe("7");
  expect(fields).not.toHaveProperty("evil");
});
