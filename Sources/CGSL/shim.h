#ifndef ROTEQ_CGSL_SHIM_H
#define ROTEQ_CGSL_SHIM_H

#include <gsl/gsl_errno.h>
#include <gsl/gsl_poly.h>
#include <gsl/gsl_roots.h>

// GSL declares its solver types as mutable global pointers, which Swift 6 rejects as shared mutable state.
static inline const gsl_root_fsolver_type *roteq_brent_solver(void) { return gsl_root_fsolver_brent; }

#endif
