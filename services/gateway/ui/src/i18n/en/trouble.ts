// Texts of what can go wrong in a training, by its code, in English.

export const trouble = {
  out_of_memory: {
    cause: "The memory did not suffice.",
    todo: "Lower the batch size or the image size, or choose a smaller model.",
  },
  gpu_too_small: {
    cause: "No card here has as much memory as this training needs.",
    todo: "Lower the batch size or the image size, or choose a smaller model.",
  },
  gpu_lost: {
    cause: "The GPU was lost while it trained.",
    todo: "Reset or replace the card, then retry; or retry with device cpu.",
  },
  loss_not_finite: {
    cause: "The loss became infinite or not a number.",
    todo: "Lower the learning rate, or switch mixed precision off; check the labels for boxes without area.",
  },
  disk_full: {
    cause: "The trainer's disk is full.",
    todo: "Free some space, then retry: the run goes on from nothing lost but time.",
  },
  dataset_unreadable: {
    cause: "The dataset cannot be read.",
    todo: "Check the dataset: the findings name the files.",
  },
  poison_image: {
    cause: "An image cannot be read.",
    todo: "Check the dataset, mend or remove the image, then retry.",
  },
  training_crashed: {
    cause: "The training process ended before its work did, several times.",
    todo: "Look at the lines below; check the dataset for broken images, and try fewer loader workers.",
  },
  training_stalled: {
    cause: "The training did not move any more, several times.",
    todo: "Look at the lines below; try fewer loader workers, and check the disk that holds the images.",
  },
  classes_changed: {
    cause: "The classes of the dataset are not those of the checkpoint.",
    todo: "Use mode transfer, which makes a new head for other classes.",
  },
  checkpoint_missing: {
    cause: "The state of the run to go on from is not in the store any more.",
    todo: "Use mode continue with its weights.",
  },
  not_a_detector: {
    cause: "The base model is no detector.",
    todo: "Choose weights of a detection model.",
  },
  unreadable_weights: {
    cause: "The weights cannot be read, or hold what they must not.",
    todo: "Export them again as a plain YOLOv8 detector, or choose others.",
  },
  no_such_device: {
    cause: "There is no such device on this trainer.",
    todo: "Leave the device empty, or give one that the overview shows.",
  },
  unknown_argument: {
    cause: "An argument is not known.",
    todo: "Correct the name: the message lists the valid ones.",
  },
  argument_out_of_range: {
    cause: "An argument is out of range.",
    todo: "Correct the value: the message says what is right.",
  },
  worker_died: {
    cause: "Its workers died several times, each without progress.",
    todo: "Look at the host: memory, disk, its log. Then retry.",
  },
  internal_error: {
    cause: "Something broke that should not.",
    todo: "Retry; if it happens again, report it with the lines below.",
  },
};
