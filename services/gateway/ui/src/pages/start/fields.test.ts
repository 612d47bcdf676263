// What the form sends is what was typed, and nothing that the contract assumes anyway.
import { expect, test } from "vitest";
import { DEFAULTS, changed, fromQuery, reset, toBody, toQuery } from "./fields";
import { cliLine } from "./lines";

test("numbers are sent as numbers, and what is left as it was is not sent: it may be fitted to the data", () => {
  const body = toBody({ ...DEFAULTS, dataset_path: "logos", epochs: "3", base_model_path: "m" });
  expect(body).toEqual({
    mode: "transfer",
    dataset_path: "logos",
    base_model_path: "m",
    epochs: 3,
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

test("a link shows the form as it was: defaults are left out, further arguments are kept", () => {
  const fields = { ...DEFAULTS, epochs: "7", "augmentation_params.mosaic": "0.5", "extra.cos_lr": "true" };
  const query = toQuery(fields, new URLSearchParams("lang=ja&epochs=9"));
  expect(query.toString()).toBe("lang=ja&epochs=7&augmentation_params.mosaic=0.5&extra.cos_lr=true");
  expect(fromQuery(query)).toEqual(fields);
});

test("further arguments are sent in their groups, as numbers and truths", () => {
  const body = toBody({ ...DEFAULTS, "augmentation_params.mosaic": "0.5", "extra.cos_lr": "true", amp: "false", tags: "a, b," });
  expect(body).toMatchObject({
    augmentation_params: { mosaic: 0.5 },
    extra: { cos_lr: true },
    amp: false,
    tags: ["a", "b"],
  });
});

test("a reset gives the defaults back and forgets further arguments", () => {
  const fields = reset({ ...DEFAULTS, epochs: "7", "extra.lrf": "1" }, ["epochs", "extra.lrf"]);
  expect(fields).toEqual(DEFAULTS);
  expect(changed({ ...DEFAULTS, epochs: "7" }, "epochs")).toBe(true);
});

test("the command line sets by options what has one, and the rest by name", () => {
  const line = cliLine("http://h:1", toBody({ ...DEFAULTS, dataset_path: "my logos", base_model_path: "m", workers: "2", "extra.lrf": "0.1" }));
  expect(line).toBe(
    "shirushi train 'my logos' --url http://h:1 --mode transfer --base-model-path m --set workers=2 --set extra.lrf=0.1",
  );
});
