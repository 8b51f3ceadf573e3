export {
  calibrate,
  type Calibration,
  type CalibrationOptions,
  type CalibrationRequest,
} from "./calibrate";
export { constantRecipe } from "./plan";
